"""The commands: each reads its options, calls the library and shows the result; heavy imports wait until then."""
