// Package benchmarks measures what an authenticated request costs, and compares
// this cost with that of other packages that check the same tokens. The package is
// in a separate module, so that apps that use authrocket do not download these
// packages.
//
// [World] has the tokens and serves the keys, [World.Cases] returns the cases, and
// [Measure] measures them. The command report does all of this and prints the
// results.
package benchmarks
