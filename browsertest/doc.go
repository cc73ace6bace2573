// Package browsertest has no code of its own: its tests walk through the
// examples and the local LoginRocket with a real Chromium, as a person would.
// Debian's package chromium has one. Without it the tests are skipped, unless
// REQUIRE_BROWSER=1. Pictures of the pages are left in the folder screenshots.
package browsertest
