// Package benchmarks measures what an authenticated request costs, beside other
// packages that check the same tokens. It is a module of its own, so that no app
// that uses authrocket downloads what it is compared with.
//
// [World] has the tokens and serves the keys, [Cases] are what is measured, and
// [Measure] measures them. The report command puts it all together.
package benchmarks
