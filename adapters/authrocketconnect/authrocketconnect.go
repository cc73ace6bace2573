// Package authrocketconnect puts AuthRocket logins into a Connect server.
package authrocketconnect

import _ "connectrpc.com/connect"
