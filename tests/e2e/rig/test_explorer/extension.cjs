// Test only: it has a Test Explorer, in which nothing ever runs.
const vscode = require("vscode");

exports.activate = (context) => context.subscriptions.push(vscode.tests.createTestController("rig", "Rig"));
