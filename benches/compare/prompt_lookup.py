"""Guesses tokens from what followed the same ones before, by the rules of llama.cpp's `examples/lookup`."""

from collections import Counter, defaultdict

# For the last 1, 2, 3 and 4 tokens: how often something must have followed them, and the share of the commonest.
RULES = [(2, 0.66), (2, 0.5), (1, 0.5), (1, 0.5)]


class PromptLookup:
    """The tokens of one sequence, and what followed what in it."""

    def __init__(self, tokens):
        self.tokens = []
        self.followers = defaultdict(Counter)
        for token in tokens:
            self.add(token)

    def add(self, token):
        """Takes the next token."""
        for length in range(1, min(len(RULES), len(self.tokens)) + 1):
            self.followers[tuple(self.tokens[-length:])][token] += 1
        self.tokens.append(token)

    def guess(self, most):
        """What may follow, at most so many tokens; perhaps nothing."""
        last = self.tokens[-len(RULES) :]
        guesses = []
        while len(guesses) < most and (token := self.follower([*last, *guesses][-len(RULES) :])) is not None:
            guesses.append(token)
        return guesses

    def follower(self, last):
        """The likeliest token after these: the longest that were seen before decide."""
        for length in range(len(last), 0, -1):
            followers = self.followers.get(tuple(last[-length:]))
            least, share = RULES[length - 1]
            if followers and (seen := followers.total()) >= least:
                token, count = followers.most_common(1)[0]
                if count >= share * seen:
                    return token
        return None
