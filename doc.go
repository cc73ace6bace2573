// Package authrocket adds AuthRocket logins to a Go web app. It takes the login token
// (JWT) from a cookie or a bearer header and checks it against the realm's keys. It puts
// the user and the account into the context of the request. Its gates guard handlers by
// login, permission and account. Visitors sign in on LoginRocket's hosted pages and come
// back signed in.
//
//	auth, err := authrocket.New(authrocket.Config{
//		LoginRocketURL: "https://sample.e2.loginrocket.com/",
//		AppURL:         "https://app.example.com",
//	})
//	if err != nil {
//		log.Fatal(err) // every configuration problem at once
//	}
//	mux := http.NewServeMux()
//	mux.HandleFunc("GET /{$}", home)                                       // anyone
//	mux.Handle("GET /manage", auth.RequireLogin(http.HandlerFunc(manage))) // signed in
//	mux.Handle("POST /billing", auth.Require(authrocket.Permission("billing:write"))(http.HandlerFunc(billing)))
//	http.ListenAndServe(":8080", auth.Authenticate(mux)) // also serves /auth/login, /auth/logout, ...
//
// Where to start:
//
//   - Configure with [New] and [ConfigFromEnv].
//   - Gates are [Auth.RequireLogin], [Auth.Require] and [Auth.RequireOrg].
//   - In a handler, [CurrentUser], [CurrentOrg] and [CurrentSession] return who is signed in.
//   - Pages link to [Auth.LoginPath] and [Auth.LogoutPath].
//   - Config.Deny and Config.Page change how refusals look. In them, [Reason] and
//     [StatusCode] describe the error of a refusal.
//
// An API without browsers sets Config.DisableCookie, and needs no AppURL. In tests and
// local programs, package authrockettest issues tokens.
//
// # Your responsibilities
//
//   - Put a gate before every handler that needs one, because Authenticate refuses no
//     request.
//   - Permissions apply to the account that the user picked. A handler that acts on the
//     org named in a path needs [Auth.RequireOrg].
//   - A token stays valid until it expires, even after a logout elsewhere. To end
//     sessions before their tokens expire, set Config.SessionState. Package sessionstate
//     has an implementation.
//   - Serve the app over https, and keep the server's clock accurate. Keep tokens and
//     session IDs out of your logs. For example, put an access logger inside
//     Authenticate, where URLs no longer contain a token.
package authrocket
