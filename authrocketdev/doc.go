// Package authrocketdev is a local AuthRocket for development and tests. It serves
// the hosted pages and the LoginRocket API of a realm of [authrockettest], and the
// Core API. It needs no AuthRocket account, no network and no secret. All data is in
// memory.
//
//	realm, err := authrockettest.Open(authrockettest.RealmConfig{URL: "http://localhost:8081"})
//	if err != nil {
//		log.Fatal(err)
//	}
//	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.ListenAndServe("localhost:8081", server)
//
// A [Service] adds the Core API, with which servers manage users, orgs and sessions.
// Serve it on a separate port:
//
//	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.ListenAndServe("localhost:8083", service.CoreAPI())
//
// The program cmd/authrocket offers the same as "authrocket dev", with flags and a
// seed file. The file docs/local-authrocket.md of the repository says which behaviour
// follows the real service and which is a guess.
//
// Do not use this package as the identity provider of a product, because anyone can
// read the emails at /outbox, and a restart deletes all data.
package authrocketdev
