package telemetry

// isSecret says whether the values of a name are secrets; before is the byte
// in front of it. Some names are secrets only as a query's parameters: a
// function's key is sent as ?code=, and a process exits with code=1.
func isSecret(name []byte, before byte) bool {
	if len(name) < 3 {
		return false
	}
	// Nearly all names are none: their last letter tells.
	switch name[len(name)-1] | 0x20 {
	case 'd', 'e', 'g', 'l', 'n', 's', 't', 'y':
	default:
		return false
	}
	if equalFold(name, "sig") {
		return true
	}
	if (before == '?' || before == '&') && (equalFold(name, "code") || equalFold(name, "key")) {
		return true
	}
	tail := foldName(name)
	return tail.endsAsSecret()
}

// tail is the end of a name in lower case and without the punctuation that
// people vary, as much of it as the longest secret ending takes.
type tail struct {
	text [16]byte
	from int
}

func foldName(name []byte) tail {
	t := tail{from: 16}
	for i := len(name) - 1; i >= 0 && t.from > 0; i-- {
		if isAlphanumeric(name[i]) {
			t.from--
			t.text[t.from] = lower(name[i])
		}
	}
	return t
}

func (t *tail) ends(in string) bool {
	return len(t.text)-t.from >= len(in) && string(t.text[len(t.text)-len(in):]) == in
}

// endsAsSecret goes by a name's end, so that DB_PASSWORD and x-functions-key
// are secret, and max_tokens is not.
func (t *tail) endsAsSecret() bool {
	for _, end := range [...]string{
		"password", "passwd", "passphrase", "pwd", "secret", "token",
		"apikey", "accountkey", "accesskey", "sharedkey", "secretkey", "privatekey", "signingkey",
		"encryptionkey", "masterkey", "functionskey", "subscriptionkey", "storagekey",
		"credential", "credentials", "authorization", "cookie", "signature",
	} {
		if t.ends(end) {
			return true
		}
	}
	return false
}

// nameBefore is the name that ends at a separator, spaces and a closing quote
// aside, and the byte in front of it; 0 if there is none. Nothing before done
// is looked at.
func nameBefore(text []byte, done, separator int) (name []byte, before byte) {
	end := separator
	for end > done && separator-end < 3 && text[end-1] == ' ' {
		end--
	}
	if end > done && isQuote(text[end-1]) {
		end--
		if end > done && text[end-1] == '\\' {
			end--
		}
	}
	start := end
	for start > done && isName(text[start-1]) {
		start--
	}
	if start > done {
		before = text[start-1]
	}
	if before == '%' && end-start > 2 {
		start += 2 // the hexadecimal digits of ? or & in a URL inside of a URL
	}
	return text[start:end], before
}

// isScheme says whether a word announces that the next one is the secret.
func isScheme(word []byte) bool {
	for _, scheme := range [...]string{"bearer", "basic", "digest", "negotiate", "token", "apikey", "sharedkey", "sharedaccesssignature"} {
		if equalFold(word, scheme) {
			return true
		}
	}
	return false
}

// equalFold compares a word with one that is ASCII in lower case.
func equalFold(word []byte, want string) bool {
	if len(word) != len(want) {
		return false
	}
	for i, c := range word {
		if lower(c) != want[i] {
			return false
		}
	}
	return true
}

func isName(c byte) bool { return isAlphanumeric(c) || c == '_' || c == '-' || c == '.' }

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
