package config

import (
	"github.com/goccy/go-yaml/ast"

	"github.com/stanch-dev/stanch/internal/tree"
	"github.com/stanch-dev/stanch/internal/tree/yamltree"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/manifest"
)

// functionsKey is the key of stanch.yaml that has a structure of its own.
const functionsKey = "functions"

// deepest is how far mappings and lists may lie in each other below it.
const deepest = 8

// functions takes in `functions:`, and reports what is wrong in the file itself.
// What settings (%NAME%) become is seen by who reads it again with them.
func (r *Run) functions(name string, entry *ast.MappingValueNode) error {
	r.Functions = tree.Source{File: name, Root: yamltree.Value(entry, deepest)}
	_, mistakes := manifest.Read(r.Functions, nil)
	return funcapp.Faults(mistakes)
}
