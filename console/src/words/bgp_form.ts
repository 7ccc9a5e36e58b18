/* What may be asked for a project's BGP: the service's rules, told before it has to refuse. Pure. */
import type { BgpRequest, DeploymentType } from '../api/types';

export const localAsn = 65000;
const asnMax = 2147483647;

export interface BgpForm {
    type: DeploymentType;
    asn: string;
    md5: string;
}

export interface FormProblems {
    asn: boolean;
    md5: boolean;
}

export const md5IsGood = (md5: string): boolean =>
    md5 === '' || (/^[A-Za-z0-9]{10,20}$/.test(md5) && /[a-z]/.test(md5) && /[A-Z]/.test(md5) && /[0-9]/.test(md5));

export const asnIsGood = (asn: string): boolean => /^[1-9][0-9]{0,9}$/.test(asn) && Number(asn) <= asnMax;

export const problemsOf = (form: BgpForm): FormProblems => ({
    asn: form.type === 'global' && !asnIsGood(form.asn),
    md5: !md5IsGood(form.md5),
});

export const requestOf = (form: BgpForm): BgpRequest => ({
    deployment_type: form.type,
    asn: form.type === 'local' ? localAsn : Number(form.asn),
    md5: form.md5 || null,
});
