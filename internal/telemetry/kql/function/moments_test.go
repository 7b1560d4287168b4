package function_test

import "testing"

func TestMoments(t *testing.T) {
	const noon = at("2026-04-05T12:34:56.1234567Z") // a Sunday
	check(t, []row{
		{"the 31st of a shorter month is its last", "datetime_add", []any{"month", 1, at("2026-01-31")}, `"2026-02-28T00:00:00.0000000Z"`},
		{"back over a year", "datetime_add", []any{"quarter", -1, at("2026-02-15")}, `"2025-11-15T00:00:00.0000000Z"`},
		{"parts in any case", "datetime_add", []any{"Hour", 1, noon}, `"2026-04-05T13:34:56.1234567Z"`},
		{"beyond the last year", "datetime_add", []any{"year", 9000, noon}, "null"},
		{"boundaries are counted, not hours", "datetime_diff", []any{"hour", at("2026-04-05T01:00:00Z"), at("2026-04-05T00:59:59Z")}, "1"},
		{"weeks begin on Sunday", "datetime_diff", []any{"week", at("2026-04-05"), at("2026-04-04")}, "1"},
		{"the other way round", "datetime_diff", []any{"day", at("2026-04-04"), at("2026-04-05")}, "-1"},
		{"since the second began", "datetime_part", []any{"microsecond", noon}, "123456"},
		{"ISO weeks", "week_of_year", []any{at("2027-01-01")}, "53"},
		{"days since Sunday", "dayofweek", []any{at("2026-04-06")}, `"1.00:00:00"`},
		{"a week later", "startofweek", []any{noon, 1}, `"2026-04-12T00:00:00.0000000Z"`},
		{"the last tick", "endofmonth", []any{noon}, `"2026-04-30T23:59:59.9999999Z"`},
		{"a month before", "startofmonth", []any{at("2026-01-05"), -1}, `"2025-12-01T00:00:00.0000000Z"`},
		{"no such day", "make_datetime", []any{2026, 2, 29}, "null"},
		{"fractions of a second", "make_datetime", []any{2026, 4, 5, 1, 2, 3.5}, `"2026-04-05T01:02:03.5000000Z"`},
		{"days first", "make_timespan", []any{1, 2, 3, 4}, `"1.02:03:04"`},
		{"twelve hours", "format_datetime", []any{noon, "yy-M-d h:mm tt"}, `"26-4-5 12:34 PM"`},
		{"digits that end in zeros", "format_datetime", []any{at("2026-04-05T00:00:00.25Z"), "s.FFFFFFF"}, `"0.25"`},
		{"a span below zero", "format_timespan", []any{span("-1.02:03:04"), "d.hh:mm:ss"}, `"-1.02:03:04"`},
		{"milliseconds", "unixtime_milliseconds_todatetime", []any{1500}, `"1970-01-01T00:00:01.5000000Z"`},
		{"before 1970", "unixtime_seconds_todatetime", []any{-1}, `"1969-12-31T23:59:59.0000000Z"`},
	})
	checkRefused(t, []row{
		{"a letter that is no part", "format_datetime", []any{noon, "yyyy-QQ"}, `"QQ" is no part of a format`},
		{"no part", "datetime_add", []any{"fortnight", 1, noon}, `"fortnight" is no part of a datetime; year, quarter, month, week, day, hour, minute, second, millisecond, microsecond and nanosecond are`},
	})
}
