package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// envMark is the first line of a file that the flag -env writes. The program only
// replaces a file that begins with it.
const envMark = "# Written by authrocket dev -env: each start replaces this file."

// writeEnv writes the variables into a file for the app.
func writeEnv(name string, variables []string) error {
	text := envMark + "\n" + strings.Join(variables, "\n") + "\n"
	file, err := replaceFile(name, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}, func(*os.File) error { return checkEnv(name) })
	if err != nil {
		return fmt.Errorf("-env: %w", err)
	}
	return file.Close()
}

// checkEnv returns an error if there is a file that this program has not written.
func checkEnv(name string) error {
	info, err := statFile(name)
	if err != nil || info == nil {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	line, _ := bufio.NewReader(io.LimitReader(file, int64(len(envMark)+2))).ReadString('\n')
	if strings.TrimRight(line, "\r\n") != envMark {
		return fmt.Errorf("%s: authrocket dev did not write this file, and does not replace it; choose another name", name)
	}
	return nil
}
