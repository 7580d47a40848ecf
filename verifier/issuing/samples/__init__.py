"""Tables as agencies send them, of invented people: the demo imports them, and the tests read them."""
