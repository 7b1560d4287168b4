// Package examples holds no code, only the test that keeps the three workers beside it alike.
//
// The workers are programs in python, node and go; README.md tells what they
// answer. Everything that stanch is shown with, from the demo to the benches,
// runs one of them, so a difference between them would be taken for one
// between languages.
package examples
