def main(msg): pass
