package main

import (
	"context"
	"errors"
)

func (a *asker) prompt(ctx context.Context) error { return errors.New("no prompt yet") }
