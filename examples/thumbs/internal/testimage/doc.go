// Package testimage makes the pictures that thumbs is shown and tested with:
// good ones of each format, and some that harm whoever decodes them.
package testimage
