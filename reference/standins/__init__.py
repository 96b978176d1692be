"""Small data sets, weights and pictures in the format of the real ones, made by code from fixed seeds.

They stand in for what the handouts tell students to download, so that notebooks run without a network. Every maker
takes the path of the file to write; ``rubrics/assets.toml`` says which maker makes which file.
"""
