// Package browsertest has no code of its own. Its tests walk through the examples
// and the local LoginRocket with a real Chromium, as a person would, and run
// logins through a real nginx, Caddy and HAProxy. Debian has packages for these
// programs: chromium, nginx, caddy and haproxy. To install the JavaScript
// libraries that some pages use, run npm ci --ignore-scripts in this folder. If a
// program or library is missing, the tests that need it are skipped, unless
// REQUIRE_PROGRAMS=1 is set. The tests save pictures of the pages in the folder
// screenshots.
package browsertest
