export const upMark: string;
