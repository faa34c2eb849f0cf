"""Runs flows durably: inbox, claims, runs, cases, evidence, links, quotas."""
