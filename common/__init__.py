"""Pure ground of the house: errors, states, clock, ids, encryption. Imports no app."""
