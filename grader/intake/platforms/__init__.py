"""Readers of the exports of learning platforms: a module a platform, and what they share."""
