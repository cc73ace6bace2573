// Package browsertest has no code of its own: its tests walk through the
// examples and the local LoginRocket with a real Chromium, as a person would, and
// run logins through a real nginx, Caddy and HAProxy. Debian has them as packages:
// chromium, nginx, caddy and haproxy. The libraries of JavaScript that some pages use are
// there after npm ci --ignore-scripts in this folder. Without them the tests are
// skipped, unless REQUIRE_PROGRAMS=1. Pictures of the pages are left in the folder
// screenshots.
package browsertest
