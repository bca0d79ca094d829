"""The same program in another language: the library is loaded at run time and called through ctypes. Lines in and out are those of call.c."""
import ctypes
import sys

LONG, USUAL, SHORT = 4096, 1024, 256
NUMBER, TEXT = "number", "text"
FUNCTIONS = {
    "iReadCardBas": ([NUMBER], USUAL),
    "iReadCardBas_HSM_Step1": ([NUMBER], USUAL),
    "iReadCardBas_HSM_Step2": ([TEXT], USUAL),
    "iReadCard": ([NUMBER, NUMBER, TEXT, TEXT], LONG),
    "iWriteCard": ([NUMBER, TEXT, TEXT, TEXT], SHORT),
    "iVerifyPIN": ([NUMBER], SHORT),
    "iChangePIN": ([NUMBER], SHORT),
    "iReloadPIN": ([NUMBER, TEXT], SHORT),
    "iReloadPIN_HSM_Step1": ([NUMBER, TEXT], USUAL),
    "iReloadPIN_HSM_Step2": ([TEXT], USUAL),
    "iReloadPIN_HSM_Step3": ([TEXT], SHORT),
    "iUnblockPIN": ([NUMBER, TEXT], SHORT),
    "iUnblockPIN_HSM_Step1": ([NUMBER, TEXT], USUAL),
    "iUnblockPIN_HSM_Step2": ([TEXT], SHORT),
    "iDoDebit": ([NUMBER, TEXT, TEXT], USUAL),
    "iDoDebit_HSM_Step1": ([NUMBER, TEXT, TEXT], USUAL),
    "iReadDebitRecord": ([NUMBER], LONG),
}
MARKS = b"\x5a" * 64


def call(library, words):
    kinds, room = FUNCTIONS[words[0]]
    given = [ctypes.c_int(int(word)) if kind is NUMBER else ctypes.c_char_p(bytes.fromhex(word)) for kind, word in zip(kinds, words[1:], strict=True)]
    out = ctypes.create_string_buffer(b"\x5a" * room + MARKS, room + len(MARKS))
    function = getattr(library, words[0])
    function.restype = ctypes.c_long
    result = function(*given, out)
    if out.raw[room:] != MARKS:
        sys.exit(5)
    return result, out.raw[:room].split(b"\0")[0]


def main():
    library = ctypes.CDLL(sys.argv[1])
    for line in sys.stdin:
        words = line.rstrip("\n").split("\t")
        result, output = call(library, words)
        print(f"{result}\t{output.hex()}", flush=True)


main()
