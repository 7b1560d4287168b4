package proxy

// malformed is a message that is refused: what is wrong with it, in words that
// its sender can use, and the status with which a client is answered. From a
// worker the same words stand behind a 502.
type malformed struct {
	status int
	reason string
}

func (m *malformed) Error() string { return m.reason }

// What can be wrong with a head or a chunked body.
var (
	errBareLF      = &malformed{400, "a line ends with a bare line feed"}
	errControl     = &malformed{400, "a header has a control character"}
	errFolded      = &malformed{400, "a header line begins with white space"}
	errNoName      = &malformed{400, "a header has no name"}
	errNoColon     = &malformed{400, "a header line has no colon"}
	errSpaceColon  = &malformed{400, "a header has white space before its colon"}
	errName        = &malformed{400, "a header's name has a character that is not allowed"}
	errRequestLine = &malformed{400, "the request line is malformed"}
	errMethod      = &malformed{400, "the method is not a token"}
	errTarget      = &malformed{400, "the request target is malformed"}
	errVersion     = &malformed{505, "the version is neither HTTP/1.1 nor HTTP/1.0"}
	errConnect     = &malformed{501, "CONNECT is not served here"}
	errNoHost      = &malformed{400, "the Host header is missing"}
	errTwoHosts    = &malformed{400, "there is more than one Host header"}
	errHost        = &malformed{400, "the Host header is malformed"}
	errBothLengths = &malformed{400, "both Content-Length and Transfer-Encoding are given"}
	errLength      = &malformed{400, "Content-Length is not one number"}
	errTwoLengths  = &malformed{400, "several Content-Length headers differ"}
	errEncoding    = &malformed{400, "Transfer-Encoding is not exactly one \"chunked\""}
	errEncoding10  = &malformed{400, "Transfer-Encoding is not allowed in HTTP/1.0"}
	errExpect      = &malformed{417, "Expect asks for something other than 100-continue"}
	errHeadLarge   = &malformed{431, "the request's head is too large"}
	errLineLarge   = &malformed{414, "the request line is too long"}
	errHeadSlow    = &malformed{408, "the request's head took too long"}
	errStatusLine  = &malformed{502, "the status line is malformed"}
	errAnswerLarge = &malformed{502, "the answer's head is too large"}
	errSwitched    = &malformed{502, "it switched protocols without being asked"}
	errManyInterim = &malformed{502, "it sent too many interim answers"}

	errChunkSize    = &malformed{400, "a chunk's size is malformed"}
	errChunkLarge   = &malformed{400, "a chunk's size is too large"}
	errChunkExt     = &malformed{400, "a chunk's extension is malformed or too long"}
	errChunkEnd     = &malformed{400, "a chunk does not end where its size says"}
	errTrailer      = &malformed{400, "a trailer is malformed"}
	errTrailerLarge = &malformed{400, "the trailers are too large"}
	errTrailerName  = &malformed{400, "a trailer may not carry framing or routing"}
	errShortBody    = &malformed{400, "the body ended before its declared length"}
)
