//go:build noazure

package connect

import "errors"

var errAzure = errors.New("this stanch was built without Azure Storage\nhint: file:DIR, or a build without the tag noazure")

func azureText(string, bool) (place, error) { return place{}, errAzure }

func azureSettings(string, func(string) string, bool) (place, error) { return place{}, errAzure }
