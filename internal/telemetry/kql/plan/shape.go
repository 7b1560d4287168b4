package plan

// Out gives the columns.
func (n *Scan) Out() []Column { return n.Columns }

func (n *Values) Out() []Column { return n.Columns }

func (n *Sequence) Out() []Column { return []Column{n.Column} }

func (n *Filter) Out() []Column { return n.In.Out() }

func (n *Project) Out() []Column { return columnsOf(n.Columns) }

func (n *Sort) Out() []Column { return n.In.Out() }

func (n *Take) Out() []Column { return n.In.Out() }

func (n *Join) Out() []Column { return n.Columns }

func (n *Union) Out() []Column { return n.Columns }

func (n *Given) Out() []Column { return n.Columns }

func (n *Partition) Out() []Column { return n.Sub.Out() }

func (n *Shared) Out() []Column { return n.Columns }

// Out gives the keys, then the aggregates.
func (n *Summarize) Out() []Column { return append(columnsOf(n.Keys), outs(n.Aggs)...) }

// Out gives the keys, then the series, then the axis.
func (n *Series) Out() []Column {
	return append(append(columnsOf(n.Keys), outs(n.Aggs)...), n.AxisOut)
}

// Out gives the input's columns, then those of the calls.
func (n *Window) Out() []Column {
	out := append([]Column(nil), n.In.Out()...)
	for _, c := range n.Calls {
		out = append(out, c.Out)
	}
	return out
}

// Out gives the input's columns, then the expanded ones, then the index.
func (n *Expand) Out() []Column {
	out := append([]Column(nil), n.In.Out()...)
	for _, c := range n.Columns {
		out = append(out, c.Out)
	}
	if n.Index.ID != 0 {
		out = append(out, n.Index)
	}
	return out
}

// Out gives the columns of the row, then those that Sub made of its elements.
func (n *Apply) Out() []Column {
	out := append([]Column(nil), n.In.Out()...)
	for _, c := range n.Sub.Out() {
		if !Has(out, c.ID) {
			out = append(out, c)
		}
	}
	return out
}

// Out gives the input's columns, then those that were parsed.
func (n *Parse) Out() []Column {
	return append(append([]Column(nil), n.In.Out()...), n.Columns...)
}

// Inputs gives the nodes whose rows are taken.
func (n *Scan) Inputs() []Node { return nil }

func (n *Values) Inputs() []Node { return nil }

func (n *Sequence) Inputs() []Node { return nil }

func (n *Given) Inputs() []Node { return nil }

func (n *Filter) Inputs() []Node { return []Node{n.In} }

func (n *Project) Inputs() []Node { return []Node{n.In} }

func (n *Summarize) Inputs() []Node { return []Node{n.In} }

func (n *Sort) Inputs() []Node { return []Node{n.In} }

func (n *Take) Inputs() []Node { return []Node{n.In} }

func (n *Join) Inputs() []Node { return []Node{n.Left, n.Right} }

func (n *Union) Inputs() []Node { return n.In }

func (n *Window) Inputs() []Node { return []Node{n.In} }

func (n *Expand) Inputs() []Node { return []Node{n.In} }

func (n *Apply) Inputs() []Node { return []Node{n.In, n.Sub} }

func (n *Partition) Inputs() []Node { return []Node{n.In, n.Sub} }

func (n *Series) Inputs() []Node { return []Node{n.In} }

func (n *Parse) Inputs() []Node { return []Node{n.In} }

func (n *Shared) Inputs() []Node { return []Node{n.Node} }

// Has says whether a column is among those.
func Has(columns []Column, id ColumnID) bool { return Index(columns, id) >= 0 }

// Index is the place of a column, −1 if it is not there.
func Index(columns []Column, id ColumnID) int {
	for i, c := range columns {
		if c.ID == id {
			return i
		}
	}
	return -1
}

func columnsOf(all []Computed) []Column {
	out := make([]Column, len(all), len(all)+4)
	for i, c := range all {
		out[i] = c.Column
	}
	return out
}

func outs(aggs []Aggregation) (out []Column) {
	for _, a := range aggs {
		out = append(out, a.Out...)
	}
	return out
}
