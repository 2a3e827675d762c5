"""Rooms, relay and recorder on aiortc. Imports neither Django nor any app."""
