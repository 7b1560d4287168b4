package function_test

import (
	"testing"
	"time"
)

func TestTimeZones(t *testing.T) {
	if _, err := time.LoadLocation("Europe/Brussels"); err != nil {
		t.Skip("this machine has no database of time zones:", err)
	}
	check(t, []row{
		{"in winter", "datetime_utc_to_local", []any{at("2026-01-05T12:00:00Z"), "Europe/Brussels"}, `"2026-01-05T13:00:00.0000000Z"`},
		{"in summer", "datetime_utc_to_local", []any{at("2026-07-05T12:00:00Z"), "Europe/Brussels"}, `"2026-07-05T14:00:00.0000000Z"`},
		{"and back", "datetime_local_to_utc", []any{at("2026-07-05T14:00:00Z"), "Europe/Brussels"}, `"2026-07-05T12:00:00.0000000Z"`},
		{"before the clocks go forward", "datetime_local_to_utc", []any{at("2022-03-27T01:00:00Z"), "Europe/Brussels"}, `"2022-03-27T00:00:00.0000000Z"`},
		{"a time that they skipped", "datetime_local_to_utc", []any{at("2022-03-27T02:00:00Z"), "Europe/Brussels"}, `"2022-03-27T00:00:00.0000000Z"`},
		{"after it", "datetime_local_to_utc", []any{at("2022-03-27T03:00:00Z"), "Europe/Brussels"}, `"2022-03-27T01:00:00.0000000Z"`},
		{"the first of two", "datetime_local_to_utc", []any{at("2022-10-30T02:30:00Z"), "Europe/Brussels"}, `"2022-10-30T00:30:00.0000000Z"`},
		{"a zone of a column that is none", "datetime_utc_to_local", []any{at("2026-01-05"), column{"Mars/Olympus"}}, "null"},
		{"the machine's own is none", "datetime_utc_to_local", []any{at("2026-01-05"), column{"Local"}}, "null"},
	})
	checkRefused(t, []row{
		{"a zone that is none", "datetime_utc_to_local", []any{at("2026-01-05"), "Mars/Olympus"}, `the time zone "Mars/Olympus" is not known on this machine; names are as in the tz database, such as Europe/Paris`},
	})
}
