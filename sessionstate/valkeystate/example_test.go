package valkeystate_test

import (
	"log"
	"os"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/authrocket-go/authrocket/sessionstate/valkeystate"
)

func Example() {
	api, err := coreapi.New(coreapi.ConfigFromEnv())
	if err != nil {
		log.Fatal(err)
	}
	ended, err := valkeystate.Open(os.Getenv("VALKEY_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer ended.Close()
	state, err := sessionstate.New(sessionstate.Config{API: api, Log: ended})
	if err != nil {
		log.Fatal(err)
	}
	config := authrocket.ConfigFromEnv()
	config.SessionState = state
}
