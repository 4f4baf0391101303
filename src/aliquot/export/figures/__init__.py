"""Figures as SVG text, drawn once for the page and the paper: each names its parts where they are.

Colours are of the Okabe-Ito set, distinct in every common colour blindness and in grey print.
"""
