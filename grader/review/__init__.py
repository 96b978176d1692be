"""A local web page on which staff decide what is open: question by question, over all students."""
