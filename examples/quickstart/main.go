package main

import _ "github.com/authrocket-go/authrocket/authrockettest"

func main() {}
