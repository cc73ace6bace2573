package main

import (
	"fmt"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
)

// startLocal starts a local AuthRocket in memory, with two users. This file is only for
// the flag -local.
func startLocal() (config coreapi.Config, changeSomething func() error, err error) {
	server, err := authrocketdev.DemoSeed().Open(authrockettest.RealmConfig{URL: "http://localhost:8081"})
	if err != nil {
		return config, nil, err
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
	if err != nil {
		return config, nil, err
	}
	realm := server.Realm()
	return service.CoreAPIConfig(), func() error {
		fmt.Println("Now Ada gets another name, and George is deleted.")
		if _, err := realm.UpdateUser("usr_ada", func(u *authrockettest.User) { u.LastName, u.Name = "King", "" }); err != nil {
			return err
		}
		return realm.DeleteUser("usr_george")
	}, nil
}
