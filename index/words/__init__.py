"""What a word is: the one place that says which words a text holds, for pages and for queries."""
