module github.com/authrocket-go/authrocket/release

go 1.26.0
