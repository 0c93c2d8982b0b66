"""The loops, compiled by numba. Import these modules inside functions only: numba is slow to import.

Arrays and numbers in, arrays and numbers out; the callers check. Sums run in a fixed order and nothing goes through
BLAS or LAPACK, so that the same series gives the same bits whatever the number of threads.
"""
