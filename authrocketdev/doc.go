// Package authrocketdev is a local LoginRocket: the hosted pages and the
// LoginRocket API of a realm of [authrockettest], for developing and testing
// without an account, a network or a secret. Everything is in memory.
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
// The program cmd/authrocket has the same as "authrocket dev", with flags and a
// seed file. What is faithful to the service, and what is a guess, is in
// docs/local-authrocket.md of the repository.
//
// It is no identity provider: mails are shown to whoever asks, and a restart
// forgets everybody.
package authrocketdev
