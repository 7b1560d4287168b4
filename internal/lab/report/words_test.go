package report

import (
	"math"
	"testing"
)

func TestNumbersAreToldToThreeDigitsWithTheirUnit(t *testing.T) {
	tens, twos := words{tens: true}, words{}
	for _, test := range []struct{ call, got, want, why string }{
		{"number(14271)", number(14271), "14,271", "what was counted is told whole"},
		{"number(1478.4)", number(1478.4), "1478", "four digits need no comma"},
		{"number(0.0204)", number(0.0204), "0.0204", "three digits that count"},
		{"number(-2.5)", number(-2.5), "−2.5", "a minus is one"},
		{"number(NaN)", number(math.NaN()), "not known", "nobody knows it"},
		{"number(1e20)", number(1e20), "1e+20", "no row of zeros"},
		{"tens.bytes(2.5e9)", tens.bytes(2.5e9), "2.5 GB", "as it was typed"},
		{"tens.bytes(999.96e6)", tens.bytes(999.96e6), "1 GB", "not 1000 MB"},
		{"twos.bytes(1<<30)", twos.bytes(1 << 30), "1 GiB", "as it was typed"},
		{"twos.bytes(-113000)", twos.bytes(-113_000), "−110 KiB", "memory can shrink"},
		{"tens.written(400MiB)", tens.written(400 << 20), "400 MiB", "it was written so, whatever the others are"},
		{"twos.written(250e6)", twos.written(250e6), "250 MB", "it was written so, whatever the others are"},
		{"tens.written(123456789)", tens.written(123_456_789), "123 MB", "it is round in neither, so it is as the others"},
		{"tens.value(Inf, bytes)", tens.value(math.Inf(1), "bytes"), "∞", "an infinity has no unit"},
		{"millis(812.4)", millis(812.4), "812 ms", "below a second"},
		{"millis(8200)", millis(8200), "8.2 s", "from a second on"},
		{"millis(150000)", millis(150_000), "2.5 min", "from two minutes on"},
		{"percent(0.3468)", percent(0.3468), "34.7 %", "three digits"},
		{"percent(11554.64)", percent(11554.64), "1,160,000 %", "three digits, for the rest are noise"},
		{"clock(101.96)", clock(101.96), "1:42.0", "tenths of a second"},
		{"clock(-1.2)", clock(-1.2), "−0:01.2", "before the timeline"},
		{"clock(3725)", clock(3725), "1:02:05.0", "with hours"},
	} {
		if test.got != test.want {
			t.Errorf("%s = %q, want %q: %s", test.call, test.got, test.want, test.why)
		}
	}
}
