"""Which command lines run tests, of which framework, and which can have reports of their own."""

from __future__ import annotations

import pytest

from patchtrail.capture.test_command import read_command

NAMED = """
pytest -q                                       | pytest
python -m pytest                                | pytest
python3.12 -m unittest -v tests.test_a          | unittest
PYTHONPATH=src python -m unittest discover      | unittest
python manage.py test shop                      | unittest
npx jest --ci                                   | jest
node_modules/.bin/jest                          | jest
yarn jest                                       | jest
pnpm exec vitest run                            | vitest
bunx vitest                                     | vitest
NODE_ENV=test mocha spec                        | mocha
npx playwright test                             | playwright
node --test                                     | node
node --experimental-x --test test/              | node
go test ./...                                   | go
sudo -u dev go test -race ./...                 | go
gotestsum --junitfile unit-tests.xml            | go
cargo test --release                            | cargo
cargo +nightly test                             | cargo
cargo nextest run                               | cargo-nextest
mvn -q test                                     | junit
./mvnw verify                                   | junit
./gradlew :app:testDebug                        | junit
gradle build                                    | junit
vendor/bin/phpunit                              | phpunit
php artisan test                                | phpunit
bundle exec rspec                               | rspec
dotnet test                                     | dotnet
ctest --output-on-failure                       | ctest
bash -c 'cd x && cargo test'                    | cargo
cd app; timeout 60 npx --no-install jest        | jest
npm test                                        |
npm run test:unit                               |
npm t                                           |
yarn test                                       |
make check                                      |
make -C app unit-test                           |
just test                                       |
tox -e py312                                    |
./run_tests.sh                                  |
scripts/test.sh --fast                          |
"""
UNNAMED = """
npm run build
npm install
make
cargo build
go build ./...
go vet ./...
jest --version
vitest list
cargo nextest list
npx playwright install
mvn clean
./gradlew tasks
python -m http.server
python setup.py install
./latest.sh
contest
node server.js --tests
react-scripts start
"""
MOVING = ["git checkout main", "cp a/junit.xml .", "unzip results.zip", "ls -la", "cat x | grep y", "sudo rm junit.xml"]


@pytest.mark.parametrize("line", NAMED.strip().split("\n"))
def test_command_lines_that_run_tests(line: str) -> None:
    """A command line that runs tests is known as one, and its framework where its words tell it."""
    command, _, framework = (one.strip() for one in line.partition("|"))
    told = read_command(command)

    assert (told.is_named, told.framework or "", told.may_report) == (True, framework, True)


@pytest.mark.parametrize("command", UNNAMED.strip().split("\n"))
def test_command_lines_that_run_none(command: str) -> None:
    """What only builds, lists or serves is no test run by its words, but may be one by its report."""
    told = read_command(command)

    assert (told.is_named, told.framework, told.may_report) == (False, None, True)


@pytest.mark.parametrize("command", MOVING)
def test_what_only_moves_files(command: str) -> None:
    """A report that comes with a checkout or a copy is no result of that command."""
    assert not read_command(command).may_report


def test_a_hostile_command_line() -> None:
    """A command line of a megabyte, or of nested shells, is read in no time and breaks nothing."""
    assert not read_command("echo " + "x" * 1_000_000).is_named
    assert not read_command("bash -c " * 10_000).is_named
    assert not read_command("sudo " * 10_000).is_named
    assert not read_command("'" * 99_999).is_named
