"""Municipalities and prefectures.

`municipalities.csv` is a code list: 全国地方公共団体コード, names, readings and positions of every
municipality and ward (CC0, code4fukui/localgovjp; the wards of 浜松市 as of 2024-01-01).
"""
