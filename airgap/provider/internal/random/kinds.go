package random

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/bcrypt"
)

const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
	special = "!@#$%&*()-_=+[]{}<>:?"

	// hidden is the identifier of what is secret: identifiers are not encrypted in the state.
	hidden = "none"
	// bcryptLimit is how much of a password bcrypt looks at.
	bcryptLimit = 72
)

var stringDefaults = map[resource.PropertyKey]any{
	"lower": true, "upper": true, "numeric": true, "number": true, "special": true,
	"minLower": 0, "minUpper": 0, "minNumeric": 0, "minSpecial": 0,
}

var kinds = map[string]kind{
	"random:index/randomPassword:RandomPassword": {
		required: keys("length"), defaults: stringDefaults, optional: keys("overrideSpecial"),
		results: keys("result", "bcryptHash"), secrets: keys("result", "bcryptHash"),
		validate: validateString,
		generate: func(inputs map[string]any) (string, map[string]any, error) {
			password, err := randomString(inputs)
			if err != nil {
				return "", nil, err
			}
			results, err := passwordResults(password)
			return hidden, results, err
		},
		adopt: func(password string) (map[string]any, map[string]any, error) {
			results, err := passwordResults(password)
			return map[string]any{"length": len(password)}, results, err
		},
	},
	"random:index/randomString:RandomString": {
		required: keys("length"), defaults: stringDefaults, optional: keys("overrideSpecial"), results: keys("result"),
		validate: validateString,
		generate: func(inputs map[string]any) (string, map[string]any, error) {
			text, err := randomString(inputs)
			return text, map[string]any{"result": text}, err
		},
		adopt: func(text string) (map[string]any, map[string]any, error) {
			return map[string]any{"length": len(text)}, map[string]any{"result": text}, nil
		},
	},
	"random:index/randomBytes:RandomBytes": {
		required: keys("length"), results: keys("base64", "hex"), secrets: keys("base64", "hex"),
		validate: func(inputs map[string]any) error { return atLeast(inputs, "length", 1) },
		generate: func(inputs map[string]any) (string, map[string]any, error) {
			return hidden, bytesResults(randomBytes(integer(inputs, "length"))), nil
		},
		adopt: func(text string) (map[string]any, map[string]any, error) {
			content, err := base64.StdEncoding.DecodeString(text)
			return map[string]any{"length": len(content)}, bytesResults(content), err
		},
	},
	"random:index/randomId:RandomId": {
		required: keys("byteLength"), optional: keys("prefix"), results: keys("b64Std", "b64Url", "dec", "hex"),
		validate: func(inputs map[string]any) error { return atLeast(inputs, "byteLength", 1) },
		generate: func(inputs map[string]any) (string, map[string]any, error) {
			prefix, _ := inputs["prefix"].(string)
			id, results := idResults(randomBytes(integer(inputs, "byteLength")), prefix)
			return id, results, nil
		},
		adopt: func(text string) (map[string]any, map[string]any, error) {
			inputs := map[string]any{}
			prefix, encoded, found := strings.Cut(text, ",")
			if found {
				inputs["prefix"] = prefix
			} else {
				prefix, encoded = "", text
			}
			content, err := base64.RawURLEncoding.DecodeString(encoded)
			inputs["byteLength"] = len(content)
			_, results := idResults(content, prefix)
			return inputs, results, err
		},
	},
	"random:index/randomPet:RandomPet": {
		defaults: map[resource.PropertyKey]any{"length": 2, "separator": "-"}, optional: keys("prefix"),
		validate: func(inputs map[string]any) error { return atLeast(inputs, "length", 1) },
		generate: func(inputs map[string]any) (string, map[string]any, error) {
			return petName(inputs), nil, nil
		},
	},
}

func keys(names ...resource.PropertyKey) []resource.PropertyKey { return names }

// classes are the groups of characters that a string may have, and how many of each it must have.
type class struct {
	characters string
	least      int
}

func classes(inputs map[string]any) []class {
	symbols := special
	if override, _ := inputs["overrideSpecial"].(string); override != "" {
		symbols = override
	}
	// `number` is the older name of `numeric`: either of them switches digits off.
	return []class{
		pick(inputs, lower, "minLower", "lower"), pick(inputs, upper, "minUpper", "upper"),
		pick(inputs, digits, "minNumeric", "numeric", "number"), pick(inputs, symbols, "minSpecial", "special"),
	}
}

func pick(inputs map[string]any, characters, least string, switches ...string) class {
	for _, name := range switches {
		if on, given := inputs[name].(bool); given && !on {
			characters = ""
		}
	}
	return class{characters: characters, least: integer(inputs, least)}
}

func validateString(inputs map[string]any) error {
	if err := atLeast(inputs, "length", 1); err != nil {
		return err
	}
	required, allowed := 0, ""
	for _, class := range classes(inputs) {
		if class.least > 0 && class.characters == "" {
			return fmt.Errorf("a minimum is set for a group of characters that is switched off")
		}
		required += max(class.least, 0)
		allowed += class.characters
	}
	if allowed == "" {
		return fmt.Errorf("every group of characters is switched off")
	}
	if length := integer(inputs, "length"); required > length {
		return fmt.Errorf("length is %d, but the minimums add up to %d", length, required)
	}
	return nil
}

func randomString(inputs map[string]any) (string, error) {
	if err := validateString(inputs); err != nil {
		return "", err
	}
	length, all := integer(inputs, "length"), ""
	text := make([]byte, 0, length)
	for _, class := range classes(inputs) {
		all += class.characters
		for range class.least {
			text = append(text, class.characters[below(len(class.characters))])
		}
	}
	for len(text) < length {
		text = append(text, all[below(len(all))])
	}
	for i := len(text) - 1; i > 0; i-- {
		j := below(i + 1)
		text[i], text[j] = text[j], text[i]
	}
	return string(text), nil
}

func passwordResults(password string) (map[string]any, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password)[:min(len(password), bcryptLimit)], bcrypt.DefaultCost)
	return map[string]any{"result": password, "bcryptHash": string(hash)}, err
}

func bytesResults(content []byte) map[string]any {
	return map[string]any{"base64": base64.StdEncoding.EncodeToString(content), "hex": hex.EncodeToString(content)}
}

func idResults(content []byte, prefix string) (string, map[string]any) {
	id := base64.RawURLEncoding.EncodeToString(content)
	return id, map[string]any{
		"b64Url": prefix + id,
		"b64Std": prefix + base64.StdEncoding.EncodeToString(content),
		"hex":    prefix + hex.EncodeToString(content),
		"dec":    prefix + new(big.Int).SetBytes(content).String(),
	}
}

func petName(inputs map[string]any) string {
	length := integer(inputs, "length")
	var words []string
	if prefix, _ := inputs["prefix"].(string); prefix != "" {
		words = append(words, prefix)
	}
	for i := range length {
		list := adverbs
		switch i {
		case length - 1:
			list = animals
		case length - 2:
			list = adjectives
		}
		words = append(words, list[below(len(list))])
	}
	separator, _ := inputs["separator"].(string)
	return strings.Join(words, separator)
}

// randomBytes never fails: without a cryptographic source, crypto/rand ends the process.
func randomBytes(count int) []byte {
	content := make([]byte, count)
	_, _ = rand.Read(content)
	return content
}

// below is a number from 0 up to, but not including, limit: each as likely as the other.
func below(limit int) int {
	number, err := rand.Int(rand.Reader, big.NewInt(int64(limit)))
	if err != nil {
		panic(err)
	}
	return int(number.Int64())
}

func integer(inputs map[string]any, name string) int {
	number, _ := inputs[name].(int64)
	return int(number)
}

func atLeast(inputs map[string]any, name string, least int) error {
	if number := integer(inputs, name); number < least {
		return fmt.Errorf("%s is %v, and must be a whole number of at least %d", name, inputs[name], least)
	}
	return nil
}
