module github.com/stanch-dev/stanch

go 1.26
