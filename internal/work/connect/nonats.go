//go:build nonats

package connect

import "errors"

var errNATS = errors.New("this stanch was built without NATS\nhint: file:DIR, or a build without the tag nonats")

func natsCluster(string) (place, error) { return place{}, errNATS }

func (c *Connections) natsDir(string) (place, error) { return place{}, errNATS }
