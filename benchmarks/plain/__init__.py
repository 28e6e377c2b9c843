"""The least code that asks the same questions: what a user would write without tqb."""
