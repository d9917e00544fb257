"""Answers that lie about what they are, break what reads them, or speak to the instructor's browser."""

from attacks_making import Attack, in_cell, in_function

_BACKWARDS = '"1174 delggums"[::-1]'
_HTML = '">delggums=di b<"[::-1] + "<script>alert(1)</script><img src=x onerror=alert(1)>"'


def _returns(name: str, tries: str, body: str, *cells: str) -> Attack:
    return Attack(f"v_{name}", tries, in_function(body, *cells, everywhere=True))


VALUES = [
    _returns("float_subclass", "A float that rounds to whatever is asked.", "return Near(0.5)", """
        import numpy as np
        class Near(np.float64):
            def __rsub__(self, other): return 0.0
            def __abs__(self): return 0.0
            def __eq__(self, other): return True
            def item(self): return Near(0.0)
            __hash__ = np.float64.__hash__
        """),
    _returns("float_that_says_float", "An object whose class says that it is float.", "return Says()", """
        class Says:
            __class__ = float
            def __float__(self): return 1.0
            def __eq__(self, other): return True
            __hash__ = None
        """),
    _returns("metaclass_named_float", "A type that calls itself float and says it is every type.", "return float_()", """
        class Meta(type):
            def __eq__(cls, other): return True
            def __instancecheck__(cls, other): return True
            __hash__ = type.__hash__
        class float_(metaclass=Meta):
            def __eq__(self, other): return True
        float_.__name__ = float_.__qualname__ = "float"
        float_.__module__ = "builtins"
        """),
    _returns("generic_subclass_in_numpy", "A NumPy scalar whose module says numpy and whose item lies.", "return Lie(0.5)", """
        import numpy as np
        class Lie(np.float64):
            def item(self): return True
        Lie.__module__ = "numpy"
        """),
    _returns("item_that_recurses", "A NumPy scalar whose item is itself.", "return Loop(0.5)", """
        import numpy as np
        class Loop(np.float64):
            def item(self): return self
        Loop.__module__ = "numpy"
        """),
    _returns("array_subclass", "An array that equals every array.", "return np.zeros(3).view(Yes)", """
        import numpy as np
        class Yes(np.ndarray):
            def __eq__(self, other): return np.ones(self.shape, bool)
            def __array_function__(self, *args, **kwargs): return np.ones((), bool)
        """),
    _returns("frame_subclass", "A frame that equals every frame and lies about its shape.", "return Yes({'recency': [0]})", """
        import pandas as pd
        class Yes(pd.DataFrame):
            shape = property(lambda self: (0, 4))
            columns = property(lambda self: pd.Index(["recency", "frequency", "amount", "last_week"]), lambda self, new: None)
            def __eq__(self, other): return True
        """),
    _returns("str_and_dict_subclasses", "Text and dicts that equal anything.", "return {S('x'): D(a=S('b'))}", """
        class S(str):
            def __eq__(self, other): return True
            __hash__ = str.__hash__
        class D(dict):
            def __eq__(self, other): return True
            def items(self): return iter([(1, 1)] * 10**9)
        """),
    _returns("endless_len", "A container whose length is a lie.", "return Long()", """
        class Long(list):
            def __len__(self): return 2**62
            def __iter__(self):
                while True: yield 0
        """),
    _returns("array_protocol", "An object that becomes an array only when asked.", "return Shy()", """
        class Shy:
            def __array__(self, *args, **kwargs): raise SystemExit
            __array_interface__ = {"shape": (2**40,), "typestr": "<f8", "data": (4096, False), "version": 3}
        """),
    _returns("generator", "An answer that never ends.", "return (i for i in iter(int, 1))"),
    _returns("object_array", "An array of objects that agree with everything.", "return np.array([Yes(), Yes()], dtype=object)", """
        class Yes:
            def __eq__(self, other): return True
            def __float__(self): return 1.0
            def __iter__(self): return iter([self])
        """),
    _returns("hostile_labels", "A frame whose labels run code when they are read.", "return pd.DataFrame({Label(): [1]}, index=[Label()])", """
        class Label:
            def __hash__(self): return 1
            def __eq__(self, other): raise SystemExit
            def __repr__(self): raise KeyboardInterrupt
            __str__ = __repr__
        """),
    _returns("set_with_hostile_repr", "A set that is sorted by what its members say they are.", "return {Member(), 1, 'a'}", """
        class Member:
            def __repr__(self):
                while True: pass
        """),
    _returns("million_columns", "A frame of a million columns of nothing.", "return pd.DataFrame(np.empty((0, 10**6)))"),
    _returns("same_labels", "A frame with one label a thousand times.",
             "return pd.DataFrame(np.zeros((50, 1000)), index=[1] * 50, columns=['recency'] * 1000)"),
    _returns("mixed_labels", "A frame whose labels cannot be sorted.", "return pd.DataFrame([[1, 2, 3, 4]], columns=[1, 'a', None, (1, 2)])"),
    _returns("self_reference", "A list that contains itself.", "a = []\na.append(a)\nreturn a"),
    _returns("wide_and_deep", "Lists within lists, shared a billion times.", "a = [0]\nfor _ in range(30): a = [a, a]\nreturn a"),
    _returns("deep_nesting", "Lists a hundred thousand deep.", "a = []\nfor _ in range(100_000): a = [a]\nreturn a"),
    _returns("array_of_itself", "An object array that contains itself.", "a = np.empty(1, object)\na[0] = a\nreturn a"),
    _returns("giant_int", "A whole number of a hundred thousand digits.", "return 10**100_000"),
    _returns("ten_to_the_400", "A whole number that no float holds.", "return 10**400"),
    _returns("array_of_giants", "Numbers that no float holds, in an array.", "return np.array([10**400, 10**100_000], dtype=object)"),
    _returns("nan", "Not a number agrees with nothing and is refused by nothing.", "return float('nan')"),
    _returns("infinity", "Infinity is close to everything if the distance is a quotient.", "return float('inf')"),
    _returns("infinite_arrays", "An array that is above every bound.", "return np.full(9, np.inf)"),
    _returns("string_of_64_mb", "A string larger than the wire.", "return 'x' * 64_000_000"),
    _returns("array_of_300_mb", "An array larger than the wire.", "return np.zeros(40_000_000)"),
    _returns("surrogates", "Text that no encoding writes.", "return '\\ud800' * 10 + '\\x00\\u202e'"),
    _returns("broadcast_array", "An array that is tiny here and huge there.", "return np.broadcast_to(np.float64(1), (10**5, 10**5))"),
    _returns("zero_wide_array", "An array with no elements and a shape beyond memory.", "return np.empty((0, 2**40))"),
    _returns("structured_dtype", "A dtype with fields of its own.", "return np.zeros(3, dtype=[('a', 'O'), ('b', 'f8')])"),
    _returns("complex", "Numbers with an imaginary part.", "return 1 + 0j"),
    _returns("fake_tag", "A dict that looks like the wire's own tags.", "return {'$': 'array', 'dtype': 'f8', 'shape': [-1], 'v': ''}"),
    _returns("time_zone", "Times at the edge of what a time can be.", "return pd.Series(pd.to_datetime(['2262-04-11T23:47:16'])).dt.tz_localize('UTC')"),
    _returns("nat_everywhere", "Missing values that compare with nothing.", "return pd.DataFrame([[pd.NaT, pd.NA, None, float('nan')]] * 3)"),
    _returns("return_a_module", "An answer that is no value at all.", "return np"),
    _returns("return_own_function", "The answer is the function that answers.", "return cohort_retention"),
    _returns("changes_its_arguments", "The arguments are changed to make the answer right.",
             "for given in list(locals().values()):\n    try: given[:] = 0\n    except Exception: pass\nreturn 0.0"),
    _returns("del_runs_later", "An object that acts when it is thrown away.", "Bomb()\nreturn Bomb()", """
        class Bomb:
            def __del__(self):
                import os
                os.write(2, b"gone")
                raise SystemExit
        """),
    _returns("recursion", "A call that calls itself for ever.", "return again(0)", "def again(n): return again(n + 1)"),
    _returns("recursion_without_limit", "Recursion until the stack itself ends.", """
        import sys
        sys.setrecursionlimit(10**9)
        def again(n): return again(n + 1)
        return again(0)
        """),
    _returns("base_exception", "An error that is no Exception.", "raise Free", "class Free(BaseException): pass"),
    _returns("generator_exit", "The error that Python itself raises for closed generators.", "raise GeneratorExit"),
    _returns("exception_group", "A group of errors, among them the expected one.", "raise BaseExceptionGroup('g', [SystemExit(), ValueError()])"),
    _returns("broken_mro", "An error whose ancestors are a lie.", "raise Liar", """
        class Meta(type):
            def mro(cls): return [cls, ValueError, Exception, BaseException, object]
            def __getattribute__(cls, name):
                if name in ("__name__", "__mro__", "__qualname__", "__module__"):
                    raise SystemExit
                return super().__getattribute__(name)
        class Liar(ValueError, metaclass=Meta): pass
        """),
    _returns("hostile_issubclass", "An error whose class says it is every class.", "raise Liar", """
        class Meta(type):
            def __subclasscheck__(cls, other): return True
            def __instancecheck__(cls, other): return True
        class Liar(Exception, metaclass=Meta):
            __traceback__ = property(lambda self: 1 / 0)
            args = property(lambda self: 1 / 0)
        """),
    _returns("str_that_never_ends", "An error whose message is endless.", "raise Long", """
        class Long(Exception):
            def __str__(self):
                while True: pass
        """),
    _returns("message_of_100_mb", "An error with a message of a hundred megabytes.", "raise ValueError('x' * 100_000_000)"),
    _returns("million_ancestors", "A chain of errors without end.", """
        error = None
        for i in range(100_000):
            new = ValueError(str(i))
            new.__cause__ = error
            error = new
        raise error
        """),
    _returns("always_the_expected_error", "The errors that some cases expect, always.", "raise ValueError('refused')"),
    _returns("error_named_value_error", "A class that only calls itself ValueError.", "raise E", "E = type('ValueError', (Exception,), {})"),
    Attack("s_message_says_arguments", "The hidden inputs go out in an error's message.", in_function(
        f"raise ValueError({_BACKWARDS} + repr(locals()))", everywhere=True), smuggles=True),
    Attack("s_class_name_says_arguments", "The hidden inputs go out in the name of an error's class.", in_function(
        f"raise type({_BACKWARDS} + repr(locals())[:500], (Exception,), {{}})()", everywhere=True), smuggles=True),
    Attack("s_ancestor_says_arguments", "The hidden inputs go out in the name of an error's ancestor.", in_function(
        f"raise type('E', (type({_BACKWARDS}, (ValueError,), {{}}),), {{}})('x')", everywhere=True), smuggles=True),
    Attack("s_type_name_says_arguments", "The hidden inputs go out in the name of an answer's type.", in_function(
        f"return type({_BACKWARDS} + repr(locals())[:500], (), {{}})()", everywhere=True), smuggles=True),
    Attack("s_type_module_says_arguments", "The hidden inputs go out in the module of an answer's type.", in_function(
        f"return type('A', (), {{'__module__': {_BACKWARDS} + repr(locals())[:500]}})()", everywhere=True), smuggles=True),
    Attack("s_columns_say_arguments", "The hidden inputs go out as labels of the wrong answer.", in_function(
        f"return pd.DataFrame({{{_BACKWARDS} + repr(locals())[:500]: [1]}})", everywhere=True), smuggles=True),
    Attack("s_keys_say_arguments", "The hidden inputs go out as keys of the wrong answer.", in_function(
        f"return {{{_BACKWARDS}: repr(locals())}}", everywhere=True), smuggles=True),
    Attack("s_value_says_arguments", "The hidden inputs go out as the wrong answer itself.", in_function(
        f"return {_BACKWARDS} + repr(locals())", everywhere=True), smuggles=True),
    Attack("s_todo_says_arguments", "The hidden inputs go out in the words of the stub.", in_function(
        f"raise NotImplementedError({_BACKWARDS} + repr(locals()))", everywhere=True), smuggles=True),
    Attack("s_output_says_arguments", "The hidden inputs go out on every stream.", in_function(f"""
        import logging, sys, warnings
        said = {_BACKWARDS} + repr(locals())
        print(said); print(said, file=sys.stderr); warnings.warn(said); logging.error(said)
        return 0
        """, everywhere=True), smuggles=True),
    Attack("s_late_signature", "The hidden inputs go out in the refusal of the next call's arguments.", in_function(f"""
        import inspect
        said = {_BACKWARDS} + repr(locals())
        class Says(inspect.Signature):
            def bind(self, *args, **kwargs): raise TypeError(said)
        cohort_retention.__signature__ = Says()
        return 0
        """), smuggles=True),
    Attack("s_cell_error_of_second_run", "What the first run saw is kept on disk, and goes out as the error of a cell of the second.", in_function(f"""
        import os
        for folder in FOLDERS:
            try:
                with open(os.path.join(folder, "seen"), "w") as file: file.write({_BACKWARDS} + repr(locals()))
            except OSError: pass
        os._exit(0)
        """, """
        import os, tempfile
        FOLDERS = [".", "/tmp", "/dev/shm", "/job", "/var/tmp", tempfile.gettempdir(), os.path.expanduser("~")]
        for folder in FOLDERS:
            if os.path.exists(os.path.join(folder, "seen")):
                raise ValueError(open(os.path.join(folder, "seen")).read())
        """, everywhere=True), smuggles=True),
    Attack("s_html_in_message", "A script runs in the browser of whoever reads the feedback.", in_function(
        f"raise ValueError({_HTML})", everywhere=True)),
    Attack("s_html_in_class_name", "A script stands in the name of an error's class.", in_function(
        f"raise type({_HTML}, (Exception,), {{}})('x')", everywhere=True)),
    Attack("s_html_in_function_name", "A script stands in the name of the function that fails.", in_function(f"""
        def inner(needed): pass
        inner.__name__ = inner.__qualname__ = {_HTML}
        inner()
        """, everywhere=True)),
    Attack("s_html_in_answer", "A script is the answer.", in_function(
        f"return pd.DataFrame({{{_HTML}: [{_HTML}]}})", everywhere=True)),
    Attack("s_html_in_cell_error", "A script stands in the error of a cell of the learner's own.", in_cell(
        f"raise type({_HTML}, (Exception,), {{}})({_HTML})")),
    Attack("s_terminal_codes", "Control codes rewrite the instructor's terminal.", in_function(
        "raise ValueError('\\x1b]0;owned\\x07\\x1b[2J\\x1b[31m100 of 100\\r\\n\\u202e')", everywhere=True)),
    Attack("s_format_fields", "Braces in a message are filled in by the grader.", in_function(
        "raise ValueError('{0.__class__.__mro__} {error} {message} %s %(name)s')", everywhere=True)),
    Attack("s_csv_formula", "A formula runs in the instructor's spreadsheet.", in_function(
        "raise ValueError('=HYPERLINK(\"http://localhost\", \"points\")')", everywhere=True)),
]
