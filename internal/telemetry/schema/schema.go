// Package schema names the tables that telemetry is kept in: the columns, their
// order and their types, as in the classic schema of Azure Application Insights,
// so that a query that was written for one runs on the other.
//
// It is the word that writers, readers and the query engine share. A table's
// columns stand in the order in which a row is written: what questions are most
// often asked about comes first, so that a scan may stop early.
package schema

import (
	"slices"
	"strings"
)

// Type is the type of a column or of a scalar, one of Kusto's ten. The zero
// Type is none of them: it stands for a type that is not known.
type Type uint8

// The scalar types. The numeric ones stand in the order in which arithmetic
// widens them.
const (
	Unknown Type = iota
	Bool
	Int      // 32 bits
	Long     // 64 bits
	Real     // IEEE 754, 64 bits
	Decimal  // decimal digits
	Datetime // ticks of 100 ns since the year 1, UTC
	Timespan // ticks of 100 ns
	String
	Guid
	Dynamic // any of the others, or an array or a property bag
)

var typeNames = [...]string{"unknown", "bool", "int", "long", "real", "decimal", "datetime", "timespan", "string", "guid", "dynamic"}

// String is Kusto's name of the type.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return typeNames[Unknown]
}

// ParseType is the type of a name as queries write it, aliases included
// ("double", "date", "time", "boolean", "uuid", "uniqueid"). Unknown if there is none.
func ParseType(name string) Type {
	switch strings.ToLower(name) {
	case "double":
		return Real
	case "date":
		return Datetime
	case "time":
		return Timespan
	case "boolean":
		return Bool
	case "uuid", "uniqueid":
		return Guid
	case "unknown":
		return Unknown
	}
	return Type(max(0, slices.Index(typeNames[:], strings.ToLower(name))))
}

// IsNumber says whether arithmetic is defined on the type as on a number.
func (t Type) IsNumber() bool { return t >= Int && t <= Decimal }

// IsInteger says whether the type is int or long.
func (t Type) IsInteger() bool { return t == Int || t == Long }

// Column is a named column of a table.
type Column struct {
	Name string
	Type Type
}

// Table is a name with its columns, in the order in which they are shown.
type Table struct {
	Name    string
	Columns []Column
	// Time is the name of the column that says when a row happened; stores index
	// it. Empty if the table has none.
	Time string
}

// Column is the column of a name, exactly as spelt; false if there is none.
func (t Table) Column(name string) (Column, bool) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

// Tables are the tables that stanch keeps. The caller may change the result.
func Tables() []Table {
	return []Table{
		classic("requests",
			Column{"name", String}, Column{"url", String}, Column{"source", String}, Column{"id", String},
			Column{"customMeasurements", Dynamic}),
		classic("dependencies",
			Column{"name", String}, Column{"target", String}, Column{"type", String}, Column{"data", String},
			Column{"id", String}, Column{"customMeasurements", Dynamic}),
		classic("traces",
			Column{"message", String}, Column{"severityLevel", Int}, Column{"customMeasurements", Dynamic}),
		classic("exceptions",
			Column{"type", String}, Column{"message", String}, Column{"severityLevel", Int},
			Column{"problemId", String}, Column{"handledAt", String}, Column{"assembly", String}, Column{"method", String},
			Column{"outerType", String}, Column{"outerMessage", String}, Column{"innermostType", String}, Column{"innermostMessage", String},
			Column{"details", Dynamic}, Column{"customMeasurements", Dynamic}),
		classic("performanceCounters",
			Column{"name", String}, Column{"category", String}, Column{"counter", String},
			Column{"instance", String}, Column{"value", Real}),
		classic("customMetrics",
			Column{"name", String}, Column{"value", Real}, Column{"valueCount", Int}, Column{"valueSum", Real},
			Column{"valueMin", Real}, Column{"valueMax", Real}, Column{"valueStdDev", Real}),
		classic("customEvents",
			Column{"name", String}, Column{"customMeasurements", Dynamic}),
		{Name: "FunctionAppLogs", Time: "TimeGenerated", Columns: []Column{
			{"TimeGenerated", Datetime},
			{"Level", String},
			{"FunctionName", String},
			{"Message", String},
			{"AppName", String},
			{"Category", String},
			{"EventId", Int},
			{"EventName", String},
			{"ExceptionType", String},
			{"ExceptionMessage", String},
			{"ExceptionDetails", String},
			{"FunctionInvocationId", String},
			{"HostInstanceId", String},
			{"HostVersion", String},
			{"LevelId", Int},
			{"ProcessId", Int},
			{"RoleInstance", String},
			{"Type", String},
		}},
	}
}

// Find is the table of a name; false if stanch keeps none.
func Find(name string) (Table, bool) {
	for _, t := range Tables() {
		if t.Name == name {
			return t, true
		}
	}
	return Table{}, false
}

// classic is a table with the columns that all of Application Insights' tables
// have around its own.
func classic(name string, own ...Column) Table {
	columns := []Column{{"timestamp", Datetime}}
	if name == "requests" || name == "dependencies" {
		columns = append(columns, Column{"duration", Real}, Column{"success", String}, Column{"resultCode", String}, Column{"itemCount", Int}, Column{"performanceBucket", String})
	} else {
		columns = append(columns, Column{"itemCount", Int})
	}
	columns = append(columns, own...)
	for _, c := range []string{
		"operation_Name", "operation_Id", "operation_ParentId", "operation_SyntheticSource",
		"cloud_RoleName", "cloud_RoleInstance", "session_Id", "user_Id", "application_Version",
		"client_Type", "client_IP", "sdkVersion", "appName", "itemId", "itemType",
	} {
		columns = append(columns, Column{c, String})
	}
	return Table{Name: name, Columns: append(columns, Column{"customDimensions", Dynamic}), Time: "timestamp"}
}
