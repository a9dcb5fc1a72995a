// Test Explorers of other extensions: no stable interface tells their results, so that they run tests unseen is declared.

import * as vscode from "vscode";

/** Extensions that run tests outside of any terminal, and the settings, if any, without which they do not. */
const EXPLORERS: Record<string, readonly string[]> = {
  "ms-python.python": ["python.testing.pytestEnabled", "python.testing.unittestEnabled"],
  "vscjava.vscode-java-test": [],
  "golang.go": [],
  "rust-lang.rust-analyzer": [],
  "orta.vscode-jest": [],
  "vitest.explorer": [],
  "ms-playwright.playwright": [],
  "ms-dotnettools.csdevkit": [],
  "hbenl.vscode-test-explorer": [],
  "hbenl.vscode-mocha-test-adapter": [],
  "shopify.ruby-lsp": [],
  "recca0120.vscode-phpunit": [],
  "swiftlang.swift-vscode": [],
  "connor4312.nodejs-testing": [],
};

/** Return the names of the extensions that can run tests in the Test Explorer now. */
export function activeTestExplorers(): string[] {
  const configuration = vscode.workspace.getConfiguration();
  return Object.entries(EXPLORERS).flatMap(([id, settings]) => {
    const extension = vscode.extensions.getExtension(id);
    const isOn = settings.length === 0 || settings.some((name) => configuration.get<boolean>(name) === true);
    return extension?.isActive && isOn ? [id] : [];
  });
}
