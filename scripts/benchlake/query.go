package main

func queries(trail, lake string) error { return nil }
