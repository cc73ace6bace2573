// Package authrocketdev is a local AuthRocket: the hosted pages and the
// LoginRocket API of a realm of [authrockettest], and the Core API, for
// developing and testing without an account, a network or a secret. Everything
// is in memory.
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
// A [Service] adds the Core API, with which servers manage users, orgs and
// sessions, for a port of its own:
//
//	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.ListenAndServe("localhost:8083", service.CoreAPI())
//
// The program cmd/authrocket has the same as "authrocket dev", with flags and a
// seed file. What is faithful to the service, and what is a guess, is in
// docs/local-authrocket.md of the repository.
//
// It is no identity provider: mails are shown to whoever asks, and a restart
// forgets everybody.
package authrocketdev
